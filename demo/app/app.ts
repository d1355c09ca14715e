import { type Filter, importIndex } from 'maxsift'
import type { MaxsiftSearch, SelectDetail } from 'maxsift/element'
import { Doors } from '../files/drop.ts'
import type { Given } from '../files/given.ts'
import { Intake } from '../intake/intake.ts'
import { IntakeView } from '../intake/intake-view.ts'
import { Files } from '../library/files.ts'
import { Library } from '../library/library.ts'
import { Switch } from '../library/switch.ts'
import type { ModelSettings } from '../model/choice.ts'
import { ModelPanel } from '../model/panel.ts'
import { element } from '../reader/dom.ts'
import { StoragePanel } from '../storage/storage.ts'
import { ask } from '../ui/ask.ts'
import { button } from '../ui/button.ts'
import { Notices } from '../ui/notices.ts'
import { count } from '../ui/words.ts'
import { removeEverything } from './ended.ts'
import { Failure } from './failure.ts'
import { Loading } from './loading.ts'
import { type Found, read } from './reading.ts'
import { Tidings } from './tidings.ts'
import { Welcome } from './welcome.ts'

const get = <Type extends HTMLElement>(id: string) => document.getElementById(id) as Type

/** Puts the parts of the page together: they know nothing of each other. */
export class App {
  readonly #notices = new Notices()
  readonly #loading = new Loading()
  readonly #library: Library
  readonly #intake: Intake
  readonly #intakeView: IntakeView
  readonly #switch: Switch
  readonly #files: Files
  readonly #doors = new Doors((given) => void this.#take(given))
  readonly #welcome: Welcome
  readonly #storage: StoragePanel
  readonly #model: ModelPanel
  readonly #tidings: Tidings
  readonly #failure: Failure
  readonly #add = element('div', { class: 'row' })
  readonly #search = get<MaxsiftSearch>('search')

  constructor(settings: ModelSettings) {
    this.#library = new Library(settings, {
      change: () => this.#show(),
      progress: (progress) => this.#loading.progress(progress),
      error: (error, shelf) => this.#notices.tell(`error ${shelf}`, error),
    })
    this.#tidings = new Tidings(this.#notices, this.#library)
    this.#failure = new Failure(this.#library)
    this.#intake = new Intake(
      () => this.#library.own.index!,
      () => this.#show(),
    )
    this.#intakeView = new IntakeView(this.#intake, (ids) => this.#remove(ids))
    this.#switch = new Switch(this.#library)
    this.#files = new Files({
      limit: (filter) => this.#limit(filter),
      read: (id) => void this.#read(id),
      remove: (from, ids) => this.#removeFrom(from, ids),
    })
    this.#welcome = new Welcome(
      (question) => this.#ask(question),
      () => this.#doors.buttons(),
    )
    const info = async () => {
      await this.#library.settled
      return (await this.#library.own.index?.info()) ?? null
    }
    this.#model = new ModelPanel({
      info,
      current: () => this.#library.model,
      use: async (choice, call) => {
        await this.#intake.end()
        await this.#library.useModel(choice, call)
        this.#library.choose('own')
      },
    })
    this.#storage = new StoragePanel({
      info,
      export: (signal) => this.#library.own.index!.export({ signal }),
      import: (file, signal) => this.#import(file, signal),
      removeOwn: async () => {
        await this.#intake.end()
        await this.#library.removeOwn()
      },
      removeEverything: () => this.#removeEverything(),
    })
    this.#build()
  }

  /** Opens both indexes; the page can be used as soon as the first is there. Never rejects. */
  async open(): Promise<void> {
    const opened = this.#library.open()
    this.#show()
    await opened
    await this.#tidings.lastVisit()
  }

  #build(): void {
    get('notices').replaceWith(this.#notices.element)
    get('intake').replaceWith(this.#intakeView.element)
    get('loading').replaceWith(this.#loading.element)
    get('failure').replaceWith(this.#failure.element)
    get('chip').replaceWith(this.#files.chip)
    get('welcome').replaceWith(this.#welcome.element)
    get('shelves').append(this.#switch.element)
    this.#add.append(...this.#doors.buttons())
    get('documents').append(
      this.#add,
      this.#files.element,
      button('Model', () => void this.#model.open(), { class: 'quiet' }),
      button('Storage and privacy', () => this.#storage.open(), { class: 'quiet' }),
    )
    // The browser asks whether the page may go: what is not read yet cannot be read without it.
    addEventListener('beforeunload', (event) => this.#intake.state === 'reading' && event.preventDefault())
    this.#search.addEventListener('select', (event) => this.#select(event))
    this.#search.addEventListener('search', () => this.#show())
    this.#search.addEventListener('input', () => this.#show())
  }

  /** Brings the page in line with what is open and going on. Cheap: it is called often. */
  #show(): void {
    const { own, sample, shelf, current } = this.#library
    const { index, failure } = shelf
    // Where neither opens, there is nothing to choose, and nothing can be added.
    const isDead = own.failure !== null && sample.failure !== null
    this.#switch.element.hidden = isDead
    this.#add.hidden = isDead || own.failure?.code === 'WEBGPU_UNAVAILABLE'
    this.#loading.element.hidden = index !== null || failure !== null
    this.#search.hidden = index === null
    if (index && this.#search.index !== index) this.#search.index = index
    this.#search.setAttribute('placeholder', current === 'own' ? 'Search your documents' : 'Search the docs')
    this.#switch.show()
    this.#intakeView.show()
    this.#files.show(current, shelf)
    this.#welcome.element.hidden = this.#search.value !== '' || index === null
    this.#welcome.show(current, own.info?.documents ?? 0)
    this.#failure.show()
    this.#tidings.show()
    void this.#storage.show()
  }

  #limit(filter: Filter | null): void {
    this.#search.filter = filter
  }

  #ask(question: string): void {
    this.#search.value = question
    this.#search.focus()
    this.#show()
  }

  /** A hit that lies on the web is left to the element; any other one opens here. */
  #select(event: CustomEvent<SelectDetail>): void {
    const { hit, passage, query } = event.detail
    if (this.#library.current === 'own' && /^https?:/i.test(hit.url ?? '')) return
    event.preventDefault()
    void this.#read(hit.id, { query, start: passage.start })
  }

  async #read(id: string, found?: Found): Promise<void> {
    try {
      const there = await read(this.#library.shelf.index!, id, found)
      if (!there) this.#notices.show('read', { text: 'This document is not in the index any more.' })
    } catch (error) {
      this.#notices.tell('read', error)
    }
  }

  async #take(given: Given): Promise<void> {
    if (given.files.length + given.problems.length + given.folders.length === 0) return
    this.#library.choose('own')
    this.#notices.hide('last visit')
    await this.#library.settled
    if (this.#library.own.index) await this.#intake.add(given)
    else
      this.#notices.show('add', { text: 'Nothing can be added as long as your documents are not open.', kind: 'error' })
  }
  async #removeFrom(path: string, ids: readonly string[]): Promise<boolean> {
    const title = `Remove ${count(ids.length, 'document')}?`
    const text = `What was read from “${path}” is removed from this browser. Your files are not touched.`
    if (!(await ask({ title, text, action: 'Remove' }))) return false
    return this.#remove(ids)
  }

  async #remove(ids: readonly string[]): Promise<boolean> {
    try {
      await this.#library.own.index!.remove(ids)
      return true
    } catch (error) {
      this.#notices.tell('remove', error)
      return false
    }
  }

  async #import(file: File, signal: AbortSignal): Promise<void> {
    await this.#intake.end()
    await this.#library.replaceOwn(await importIndex(file, { ...this.#library.ownOptions, signal }))
    this.#library.choose('own')
  }

  async #removeEverything(): Promise<void> {
    await this.#intake.end()
    await this.#library.close()
    await removeEverything()
  }
}
