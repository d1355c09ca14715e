/** Runs in a frame under the strict policy: reads a PDF whose characters need a map, and tells what happened. */
import { readPdf } from '../../demo/pdf/pdf.ts'
import { column, writePdf } from './pdf-writer.ts'

// Vitest wraps imports on demand, and its wrapper is not in frames.
Object.assign(globalThis, { __vitest_browser_runner__: { wrapDynamicImport: (load: () => unknown) => load() } })

const violations: string[] = []
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
  violations.push(`${violatedDirective} ${blockedURI}`)
})
try {
  const { passages } = await readPdf(
    writePdf([column(['Plain text.'], 72, 700), column(['日本語の文章'], 72, 700, 12, { font: 'japanese' })]),
  )
  const elsewhere = performance
    .getEntriesByType('resource')
    .map(({ name }) => name)
    .filter((name) => !name.startsWith(`${parent.location.origin}/`))
  parent.postMessage({ texts: passages.map(({ text }) => text), violations, elsewhere }, '*')
} catch (error) {
  parent.postMessage({ error: String(error), violations }, '*')
}
