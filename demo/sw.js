// Serves the files of the page from a cache named after their contents; the build fills in both.
const NAME = 'maxsift-demo-VERSION'
const FILES = ['FILES']

/** Milliseconds that a network gets to bring the page itself; a slow one is as good as none. */
const PATIENCE = 3_000

const address = (path) => new URL(path, self.registration.scope).href
const kept = new Set(FILES.map(address))

// A new version waits until no page of the old one is open, which may still fetch parts of itself.
self.addEventListener('install', (event) => {
  const fresh = FILES.map((path) => new Request(address(path), { cache: 'no-cache' }))
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(fresh)))
})

self.addEventListener('activate', (event) => {
  const old = (key) => key.startsWith('maxsift-demo-') && key !== NAME
  event.waitUntil(
    caches
      .keys()
      .then((keys) => Promise.all(keys.filter(old).map((key) => caches.delete(key))))
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = request.url.split('#')[0]
  if (request.method !== 'GET' || !kept.has(url)) return
  const isNewEachTime = request.mode === 'navigate' || url === address('demo.json')
  event.respondWith(isNewEachTime ? fromNetwork(request) : fromCache(request))
})

async function fromCache(request) {
  return (await caches.match(request, { cacheName: NAME })) ?? fetch(request)
}

/** The page as it is now, where there is a network: its parts are named after their contents, so they fit together. */
async function fromNetwork(request) {
  const late = new Promise((_, reject) => setTimeout(reject, PATIENCE))
  try {
    return await Promise.race([fetch(request), late])
  } catch {
    return (await caches.match(request, { cacheName: NAME })) ?? Response.error()
  }
}
