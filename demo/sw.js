// Serves the files of the page from a cache named after their contents; the build fills in both.
const NAME = 'maxsift-demo-VERSION'
const FILES = ['FILES']

const address = (path) => new URL(path, self.registration.scope).href

self.addEventListener('install', (event) => {
  self.skipWaiting()
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES.map(address))))
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
  // The settings may change from one start of the server to the next.
  if (request.url === address('demo.json')) event.respondWith(fetch(request).catch(() => caches.match(request)))
  else if (FILES.some((path) => address(path) === request.url))
    event.respondWith(caches.match(request, { cacheName: NAME }).then((kept) => kept ?? fetch(request)))
})
