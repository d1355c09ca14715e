/** The page in place of the search while it cannot work: what is missing, what to do, and what to tell who is asked. */
import { element } from '../reader/dom.ts'
import { technicalFacts } from './facts.ts'
import { type Fault, faultOf, reasonOf } from './faults.ts'
import { type NavigatorLike, type Platform, readPlatform } from './platform.ts'
import './unavailable.css'
import { BROWSER_NAMES, STEPS, type Step, sortSteps } from './webgpu.ts'

export { isFatal } from './faults.ts'

export interface UnavailableOptions {
  /**
   * Tries again what failed. When it resolves, the section is the caller's to remove; when it rejects, the new error
   * takes this one's place. Default: reloads the page, which is all that helps where WebGPU is missing.
   */
  retry?: () => unknown
  /** Further lines of the technical details, such as the version of the page. */
  facts?: Readonly<Record<string, string>>
  /** In place of what this browser says of itself. */
  platform?: Platform
  onLine?: boolean
}

/**
 * A section that says what is missing and what to do about it. It announces itself and takes no focus: whoever is
 * typing goes on typing.
 * @param error A `MaxsiftError` (also one that came as plain data); anything else is shown with its message.
 */
export function unavailableSection(error: unknown, options: UnavailableOptions = {}): HTMLElement {
  const { protocol, origin, port } = location
  const fault = faultOf(error, { protocol, origin, port, onLine: options.onLine ?? navigator.onLine })
  const section = element(
    'section',
    { class: 'unavailable', 'aria-label': fault.title, lang: 'en', dir: 'ltr' },
    // Only this is read aloud at once.
    element('div', { role: 'alert' }, element('h2', {}, fault.title), element('p', {}, ...marked(fault.what))),
    ...advice(error, fault, options.platform ?? readPlatform(navigator as NavigatorLike)),
  )
  section.append(element('p', {}, retryButton(section, options)), details(error, options))
  return section
}

function advice(error: unknown, { steps }: Fault, platform: Platform): HTMLElement[] {
  const made: HTMLElement[] = []
  const code = (error as { code?: string } | null | undefined)?.code
  const reason = code === 'WEBGPU_UNAVAILABLE' ? reasonOf(error) : null
  if (steps.length > 0) made.push(element('h3', {}, 'What to do'), list(steps))
  if (reason === null || reason === 'insecure-context') return made
  const { here, elsewhere } = sortSteps(STEPS[reason], platform)
  made.push(...byBrowser(here))
  if (elsewhere.length > 0) {
    const summary = element('summary', {}, here.length > 0 ? 'Other browsers and systems' : 'Browsers and systems')
    made.push(element('details', here.length > 0 ? {} : { open: true }, summary, ...byBrowser(elsewhere)))
  }
  return made
}

function byBrowser(steps: readonly Step[]): HTMLElement[] {
  const browsers = [...new Set(steps.map(({ browser }) => browser))]
  return browsers.flatMap((browser) => [
    element('h3', {}, `In ${BROWSER_NAMES[browser]}`),
    list(steps.filter((step) => step.browser === browser).map(({ text }) => text)),
  ])
}

const list = (texts: readonly string[]) => element('ul', {}, ...texts.map((text) => element('li', {}, ...marked(text))))

/** What stands between backticks as code. */
const marked = (text: string) => text.split('`').map((part, i) => (i % 2 ? element('code', {}, part) : part))

function retryButton(section: HTMLElement, options: UnavailableOptions): HTMLButtonElement {
  const { retry = () => location.reload() } = options
  const button = element('button', { type: 'button', class: 'retry' }, 'Try again')
  button.addEventListener('click', async () => {
    if (button.getAttribute('aria-disabled') === 'true') return
    button.setAttribute('aria-disabled', 'true')
    button.textContent = 'Trying …'
    try {
      await retry()
      button.textContent = 'Try again'
      button.removeAttribute('aria-disabled')
    } catch (error) {
      const hadFocus = section.contains(document.activeElement)
      const next = unavailableSection(error, options)
      section.replaceWith(next)
      if (hadFocus) next.querySelector<HTMLElement>('.retry')?.focus()
    }
  })
  return button
}

/** Gathered when they are first asked for: an adapter may take its time. */
function details(error: unknown, { facts }: UnavailableOptions): HTMLElement {
  const text = element('pre', { tabindex: '0', role: 'region', 'aria-label': 'Technical details' })
  const copied = element('span', { role: 'status' })
  const copy = element('button', { type: 'button' }, 'Copy')
  const made = element(
    'details',
    { class: 'facts' },
    element('summary', {}, 'Technical details'),
    element('p', {}, 'For whoever helps you. Nothing of this is sent anywhere.'),
    text,
    element('p', {}, copy, ' ', copied),
  )
  made.addEventListener(
    'toggle',
    async () => {
      text.textContent = await technicalFacts(error, facts)
    },
    { once: true },
  )
  copy.addEventListener('click', async () => {
    try {
      // Pages that are not secure have no clipboard.
      await navigator.clipboard.writeText(text.textContent ?? '')
      copied.textContent = 'Copied.'
    } catch {
      getSelection()?.selectAllChildren(text)
      copied.textContent = 'The text is selected: copy it with the keyboard or the menu.'
    }
  })
  return made
}
