/** What somebody who is asked for help wants to know. It stays on this page until a person copies it. */

/** Lines `name: value`: the error with its causes, the page, the browser, WebGPU and its adapter, and `more`. */
export async function technicalFacts(error: unknown, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const facts: [string, unknown][] = []
  const { code, reason, detail } = (error ?? {}) as { code?: string; reason?: string; detail?: unknown }
  facts.push(['code', code], ['reason', reason])
  let cause: unknown = error
  for (let name = 'error'; cause !== undefined && facts.length < 10; name = 'caused by') {
    facts.push([name, String(cause)])
    cause = (cause as { cause?: unknown } | null)?.cause
  }
  facts.push(['detail', detail === undefined ? undefined : JSON.stringify(detail)])
  facts.push(['page', location.origin + location.pathname], ['secure', isSecureContext], ['online', navigator.onLine])
  facts.push(['browser', navigator.userAgent], ['WebGPU', navigator.gpu ? 'offered' : 'not offered'])
  if (navigator.gpu) facts.push(...(await adapterFacts(navigator.gpu)))
  facts.push(...Object.entries(more), ['time', new Date().toISOString()])
  return facts
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}

async function adapterFacts(gpu: GPU): Promise<[string, unknown][]> {
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
    if (!adapter) return [['adapter', 'none']]
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info
    const name = [vendor, architecture, device, description].filter(Boolean).join(' ') || 'unnamed'
    const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = adapter.limits
    return [
      ['adapter', `${name}${isFallbackAdapter ? ' (software)' : ''}`],
      ['features', [...adapter.features].sort().join(' ')],
      ['largest buffer', maxBufferSize],
      ['largest binding', maxStorageBufferBindingSize],
      ['workgroup storage', maxComputeWorkgroupStorageSize],
    ]
  } catch (error) {
    return [['adapter', String(error)]]
  }
}
