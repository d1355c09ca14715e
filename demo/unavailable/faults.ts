/** What is said about each state in which the page cannot go on. Between backticks stands what is typed or read as it is. */
import type { ErrorCode, UnavailableReason } from '../../src/errors.ts'

export interface Fault {
  title: string
  /** What is missing, and what is not lost. */
  what: string
  /** What to do, the likeliest first; with WebGPU, besides what each browser needs. */
  steps: readonly string[]
}

const KEPT = 'Your documents are still stored in this browser.'

/** Where the page is, as far as the advice depends on it. */
export interface Place {
  protocol: string
  origin: string
  port: string
  onLine: boolean
}

const WEBGPU: Readonly<Record<UnavailableReason, (place: Place) => Fault>> = {
  'insecure-context': ({ protocol, origin, port }) => ({
    title: 'This page needs a secure address',
    what:
      `Searching uses the graphics processor through WebGPU, and browsers offer WebGPU only to pages at an \`https:\` ` +
      `address or on this computer itself. This page comes from ${protocol === 'file:' ? 'a file' : `\`${origin}\``}.`,
    steps:
      protocol === 'file:'
        ? ['Start the page with `npm start` in its folder, and open the address that it prints.']
        : [
            `On the computer that serves the page, open \`http://localhost${port && `:${port}`}/\` instead.`,
            'From another computer, have the page served over `https:`, for example behind a reverse proxy with a certificate.',
            `For a trial in Chrome or Edge, add \`${origin}\` at \`chrome://flags/#unsafely-treat-insecure-origin-as-secure\` and start the browser again.`,
          ],
  }),
  'no-api': () => ({
    title: 'This browser has no WebGPU yet',
    what: 'Searching uses the graphics processor through WebGPU, which this browser does not offer on this system.',
    steps: [],
  }),
  'no-adapter': () => ({
    title: 'The browser found no graphics processor to use',
    what:
      'Searching uses the graphics processor through WebGPU. The browser has WebGPU, but gives the page no processor for it: ' +
      'graphics acceleration may be off, the driver too old or blocked, or the computer a virtual one without graphics.',
    steps: [],
  }),
  limits: () => ({
    title: 'The graphics processor offers too little',
    what:
      'Searching uses the graphics processor through WebGPU and asks for no more than every implementation has to offer. ' +
      'This one refused even that: the processor or its driver is very old, or out of order at the moment.',
    steps: ['Close other pages that use much graphics, start the browser again, and try again.'],
  }),
}

const OTHERS: Readonly<Partial<Record<ErrorCode, (place: Place) => Fault>>> = {
  DEVICE_LOST: () => ({
    title: 'The graphics processor stopped answering',
    what: `It was taken away from this page twice in a row, and what had been loaded onto it is gone. ${KEPT}`,
    steps: [
      'Try again: everything is loaded onto it anew.',
      'Close other pages and programs that use much graphics.',
      'If it comes back, start the browser again, and update the graphics driver.',
    ],
  }),
  OUT_OF_MEMORY: () => ({
    title: 'The graphics processor has no room left',
    what: `The model and all documents have to fit into its memory. ${KEPT}`,
    steps: [
      'Close other pages and programs that use much graphics, then try again.',
      'Remove documents that you do not need.',
      'Use a computer with more graphics memory: export the index here, and import it there.',
    ],
  }),
  STORE_BLOCKED: () => ({
    title: 'Another tab keeps the storage busy',
    what: `A tab with this page, perhaps an older version of it, holds the stored documents and does not let go. ${KEPT}`,
    steps: [
      'Close all other tabs and windows with this page, then try again.',
      'If there are none, start the browser again.',
    ],
  }),
  STORE_LOST: () => ({
    title: 'The browser’s storage cannot be used',
    what: 'The browser does not give this page its storage, or has taken it back, so that documents cannot be kept.',
    steps: [
      'Reload the page: a storage that was closed is opened again.',
      'Leave the private window, and let this site store data (in the settings of the browser for this site).',
      'See whether the disk is full.',
      'Where the browser has removed the data of this site, add the documents again, or import a file that you exported.',
    ],
  }),
  INTEGRITY_MISMATCH: () => ({
    title: 'A file is not the one that it should be',
    what: 'What arrived differs from what its publisher announced. It was not used.',
    steps: [
      'Try again: the file may have been cut off or altered on its way.',
      'Reload the page: it may be older than the file.',
      'If it comes back, tell who runs this page, and name the file below.',
    ],
  }),
  MODEL_FETCH_FAILED: ({ onLine }) =>
    onLine
      ? {
          title: 'The model could not be loaded',
          what: 'The page needs its model once; then it is kept in this browser. The server did not give it.',
          steps: [
            'Try again in a while.',
            'Switch off, for this site, what filters requests: an extension, a proxy or a firewall.',
            'If it comes back, tell who runs this page, and name the address below.',
          ],
        }
      : {
          title: 'The model has not been loaded yet, and there is no network',
          what: 'The page needs its model once; then it is kept in this browser, and everything works without a network.',
          steps: [
            'Connect to the network, then try again.',
            'Or import an index from a file, on a page that has its model.',
          ],
        },
}

/** The codes that leave a page with nothing to go on with. */
export function isFatal(error: unknown): boolean {
  const code = codeOf(error)
  return code !== undefined && (code === 'WEBGPU_UNAVAILABLE' || Object.hasOwn(OTHERS, code))
}

export function faultOf(error: unknown, place: Place): Fault {
  const code = codeOf(error)
  if (code === 'WEBGPU_UNAVAILABLE') return WEBGPU[reasonOf(error)](place)
  const known = code !== undefined && Object.hasOwn(OTHERS, code) ? OTHERS[code] : undefined
  if (known) return known(place)
  const { message, remedy } = (error ?? {}) as { message?: string; remedy?: string }
  return {
    title: 'Something went wrong',
    what: message || String(error),
    steps: [remedy || 'Reload the page. If it comes back, tell who runs this page what stands below.'],
  }
}

/** Errors of the package keep their code also where they are of another copy of its class. */
function codeOf(error: unknown): ErrorCode | undefined {
  return (error as { code?: ErrorCode } | null | undefined)?.code
}

export function reasonOf(error: unknown): UnavailableReason {
  const reason = (error as { reason?: UnavailableReason }).reason
  return reason !== undefined && Object.hasOwn(WEBGPU, reason) ? reason : 'no-adapter'
}
