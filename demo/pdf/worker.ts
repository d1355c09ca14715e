import type { PDFWorker } from 'pdfjs-dist'
import address from 'pdfjs-dist/build/pdf.worker.min.mjs?url'
import { PdfError } from './error.ts'

/** A worker of pdf.js; it reads one document after the other. */
export interface PdfThread {
  worker: PDFWorker
  /** Rejects with `PDF_READER_FAILED` when its script cannot be loaded, or fails. */
  failed: Promise<never>
  end(): void
}

interface TrustedPolicy {
  createScriptURL(url: string): string
}

/** Starting a worker takes longer than reading a short document. */
const KEPT_MS = 5_000

let policy: TrustedPolicy | undefined
let idle: { thread: PdfThread; timer: ReturnType<typeof setTimeout> } | null = null

/** The worker that the last document left, or a new one. Give it back after success; end it after anything else. */
export function takeThread(pdfjs: typeof import('pdfjs-dist')): PdfThread {
  if (!idle) return start(pdfjs)
  const { thread, timer } = idle
  clearTimeout(timer)
  idle = null
  return thread
}

/** Ends the worker unless another document comes soon. */
export function giveBack(thread: PdfThread): void {
  const timer = setTimeout(() => {
    idle = null
    thread.end()
  }, KEPT_MS)
  idle = { thread, timer }
}

function start(pdfjs: typeof import('pdfjs-dist')): PdfThread {
  // Under `require-trusted-types-for 'script'` a worker's address has to come from a policy.
  const { trustedTypes } = globalThis as unknown as {
    trustedTypes?: { createPolicy(name: string, rules: TrustedPolicy): TrustedPolicy }
  }
  policy ??= trustedTypes?.createPolicy('maxsift-demo-pdf', {
    createScriptURL: (url) => (url === address ? url : ''),
  })
  const port = new Worker(policy?.createScriptURL(address) ?? address, { type: 'module', name: 'pdf' })
  const failed = new Promise<never>((_, reject) => {
    port.addEventListener('error', (event) => reject(new PdfError('PDF_READER_FAILED', event.error ?? event.message)))
  })
  failed.catch(() => {})
  // The declared type of `port` is that of its default.
  const worker = new pdfjs.PDFWorker({ port: port as unknown as null, verbosity: pdfjs.VerbosityLevel.ERRORS })
  return {
    worker,
    failed,
    end() {
      worker.destroy()
      port.terminate()
    },
  }
}
