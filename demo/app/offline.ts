/** Keeps the page itself in the browser, so that it opens without a network; index and model are kept anyway. */
export function keepOffline(): void {
  if (!('serviceWorker' in navigator)) return
  const address = new URL('sw.js', document.baseURI).href
  // Under `require-trusted-types-for 'script'` a script's address has to come from a policy.
  const { trustedTypes } = window as unknown as {
    trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(url: string): string }): TrustedPolicy }
  }
  const policy = trustedTypes?.createPolicy('maxsift-demo', {
    createScriptURL: (url) => (url === address ? url : ''),
  })
  // Where it cannot be installed (a private window, say) the page works all the same.
  navigator.serviceWorker.register(policy?.createScriptURL(address) ?? address).catch(() => {})
}

interface TrustedPolicy {
  createScriptURL(url: string): string
}
