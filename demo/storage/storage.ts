import type { IndexInfo } from 'maxsift'
import { element } from '../reader/dom.ts'
import { ask } from '../ui/ask.ts'
import { button } from '../ui/button.ts'
import { told } from '../ui/told.ts'
import { bytes, count } from '../ui/words.ts'
import { factsOf } from './facts.ts'

export interface StorageActions {
  info(): Promise<IndexInfo | null>
  export(signal: AbortSignal): Promise<Blob>
  /** Replaces the own documents by those in the file. */
  import(file: File, signal: AbortSignal): Promise<void>
  removeOwn(): Promise<void>
  removeEverything(): Promise<void>
}

/** The panel that says what is kept on this device, and takes it out, in or away. */
export class StoragePanel {
  readonly #dialog = element('dialog', { class: 'sheet', 'aria-labelledby': 'storage-title', closedby: 'any' })
  readonly #facts = element('dl')
  readonly #message = element('p', { role: 'status', class: 'message' })
  readonly #persist = button('Ask the browser to keep it', () => void this.#askToPersist())
  readonly #file = element('input', { type: 'file', id: 'pick-index', hidden: true })
  readonly #buttons: HTMLButtonElement[]
  #work: AbortController | null = null

  constructor(private readonly actions: StorageActions) {
    this.#buttons = [
      button('Export to a file', () => void this.#run('Exporting …', (signal) => this.#export(signal))),
      button('Import a file', () => this.#file.click()),
      button('Remove your documents', () => void this.#removeOwn(), { class: 'danger' }),
      button('Remove everything', () => void this.#removeEverything(), { class: 'danger' }),
    ]
    const [save, load, remove, all] = this.#buttons
    this.#file.addEventListener('change', () => {
      const file = this.#file.files?.[0]
      this.#file.value = ''
      if (file) void this.#import(file)
    })
    this.#dialog.append(
      element(
        'header',
        {},
        element('h2', { id: 'storage-title' }, 'On this device'),
        button('Close', () => this.#dialog.close(), { class: 'quiet' }),
      ),
      element('p', {}, 'Documents, model and index lie in this browser alone. Nothing is sent anywhere.'),
      this.#facts,
      this.#persist,
      this.#message,
      element('div', { class: 'row' }, save, load),
      element('div', { class: 'row' }, remove, all),
      this.#file,
    )
    this.#dialog.addEventListener('close', () => {
      this.#work?.abort()
      this.#say('')
      // Not shown for a moment when the panel is opened again: they may be others by then.
      this.#facts.replaceChildren()
    })
    document.body.append(this.#dialog)
  }

  open(): void {
    this.#dialog.showModal()
    void this.show()
  }

  /** Shows what is there now. */
  async show(): Promise<void> {
    if (!this.#dialog.open) return
    const info = await this.#read()
    const estimate = await navigator.storage?.estimate?.().catch(() => undefined)
    this.#facts.replaceChildren(
      ...factsOf(info, estimate).flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
    )
    this.#persist.hidden = info === null || info.persisted || info.store !== 'indexeddb'
    const [save, , remove] = this.#buttons
    save.disabled = remove.disabled = this.#work !== null || (info?.documents ?? 0) === 0
  }

  /** Null where nothing is open, or not any more. */
  #read(): Promise<IndexInfo | null> {
    return this.actions.info().catch(() => null)
  }

  async #askToPersist(): Promise<void> {
    const granted = await navigator.storage.persist().catch(() => false)
    await this.show()
    this.#say(
      granted
        ? 'The browser has promised to keep it until you remove it.'
        : 'The browser has not promised it. Some do once a page is a bookmark, or is used often; until then they may make room when the disk is full.',
    )
  }

  async #export(signal: AbortSignal): Promise<string> {
    const file = await this.actions.export(signal)
    const address = URL.createObjectURL(file)
    const name = `maxsift-${new Date().toISOString().slice(0, 10)}.maxsift`
    element('a', { href: address, download: name }).click()
    // The browser reads it after this task.
    setTimeout(() => URL.revokeObjectURL(address), 60_000)
    return `${name} (${bytes(file.size)}) is among your downloads.`
  }

  async #import(file: File): Promise<void> {
    const info = await this.#read()
    // Those that cannot be opened would be gone, too.
    const documents = info?.documents ?? null
    const title = documents === null ? 'Replace your documents?' : `Replace ${count(documents, 'document')}?`
    const text = `The documents in “${file.name}” take the place of those that are here now.`
    if (documents !== 0 && !(await ask({ title, text, action: 'Replace' }))) return
    await this.#run('Importing …', async (signal) => {
      await this.actions.import(file, signal)
      const info = await this.#read()
      return `${count(info?.documents ?? 0, 'document')} from “${file.name}” can be searched now.`
    })
  }

  async #removeOwn(): Promise<void> {
    const title = 'Remove your documents?'
    const text = 'They are removed from this browser: texts and index. Your files are not touched.'
    if (!(await ask({ title, text, action: 'Remove' }))) return
    await this.#run('Removing …', async () => {
      await this.actions.removeOwn()
      return 'Your documents are removed.'
    })
  }

  async #removeEverything(): Promise<void> {
    const title = 'Remove everything?'
    const text =
      'Your documents, the model and this page are removed from this browser. Your files are not touched. When you open this page again, it starts anew.'
    if (await ask({ title, text, action: 'Remove everything' }))
      await this.#run('Removing …', async () => {
        await this.actions.removeEverything()
        return ''
      })
  }

  /** One thing at a time; what it came to is said. Closing the panel gives it up. */
  async #run(what: string, work: (signal: AbortSignal) => Promise<string>): Promise<void> {
    const own = new AbortController()
    this.#work = own
    this.#say(what)
    for (const each of this.#buttons) each.disabled = true
    let said: string
    try {
      said = await work(own.signal)
    } catch (error) {
      said = own.signal.aborted ? '' : `${told(error)} Nothing was changed.`
    }
    this.#work = null
    for (const each of this.#buttons) each.disabled = false
    this.#say(said)
    await this.show()
  }

  #say(text: string): void {
    this.#message.textContent = text
  }
}
