import type { DocumentEntry, Filter, SearchIndex } from 'maxsift'
import { fileOf } from '../intake/gone.ts'
import { element } from '../reader/dom.ts'
import { button } from '../ui/button.ts'
import type { Shelf, ShelfName } from './library.ts'
import { treeOf } from './tree.ts'
import { type Scope, TreeView } from './tree-view.ts'

export interface FilesOptions {
  /** The search is limited from now on, or not any more. */
  limit(filter: Filter | null): void
  read(id: string): void
  /** Documents are to be removed; settles with whether they were. */
  remove(from: string, ids: readonly string[]): Promise<boolean>
}

/** Milliseconds between two looks at an index that is being filled. */
const PAUSE = 1_000

/** The files of the shelf that is searched. One of them, or a folder, can be searched alone. */
export class Files {
  readonly element = element('details', { class: 'files', hidden: true })
  /** Says what the search is limited to, beside the search box. */
  readonly chip = element('p', { class: 'chip', hidden: true })
  readonly #summary = element('summary')
  readonly #tree: TreeView
  #scope: Scope | null = null
  #documents: readonly DocumentEntry[] = []
  /** What is shown, or being fetched to be shown. */
  #key = ''
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the names were last fetched. */
  #looked = 0

  constructor(private readonly options: FilesOptions) {
    this.#tree = new TreeView({
      choose: (scope) => this.#choose(same(scope, this.#scope) ? null : scope),
      read: ({ id }) => options.read(id),
    })
    this.element.append(this.#summary, this.#tree.element)
    // Beside the search box there is room for it; above, it would push the box down.
    this.element.open = matchMedia('(min-width: 60rem)').matches
  }

  /** Shows the files of a shelf; fetches their names when there is another generation of them, but not all the time. */
  show(name: ShelfName, shelf: Shelf): void {
    const { index, info } = shelf
    const key = `${name} ${info?.generation} ${info?.documents}`
    if (!index || key === this.#key) return
    const isOther = !this.#key.startsWith(`${name} `)
    if (isOther && this.#scope) this.#choose(null)
    this.#key = key
    clearTimeout(this.#timer)
    const wait = isOther ? 0 : Math.max(0, this.#looked + PAUSE - performance.now())
    this.#timer = setTimeout(() => void this.#look(name, index, key), wait)
  }

  async #look(name: ShelfName, index: SearchIndex, key: string): Promise<void> {
    this.#looked = performance.now()
    const documents = await index.documents().catch(() => [])
    if (key !== this.#key) return
    this.#summary.textContent = name === 'own' ? 'Files and folders' : 'Pages'
    this.element.hidden = documents.length === 0
    this.#documents = documents
    const tree = treeOf(documents)
    this.#tree.show(tree, this.#scope, name === 'own')
    this.#again = () => this.#tree.show(tree, this.#scope, name === 'own')
  }

  #again: () => void = () => {}

  #choose(scope: Scope | null): void {
    this.#scope = scope
    this.#again()
    this.chip.hidden = scope === null
    this.chip.replaceChildren()
    if (scope) {
      const all = button('Search all files', () => this.#choose(null), { class: 'quiet' })
      const remove = button('Remove from the search', () => void this.#remove(scope), { class: 'quiet' })
      this.chip.append(element('span', {}, 'Only in ', element('bdi', { class: 'path' }, scope.path)), all, remove)
    }
    this.options.limit(scope && filterOf(scope))
  }

  async #remove(scope: Scope): Promise<void> {
    const { path } = scope
    const isIn = (file: string | null) => file === path || (scope.kind === 'folder' && file?.startsWith(`${path}/`))
    const ids = this.#documents.filter((entry) => isIn(fileOf(entry))).map(({ id }) => id)
    if ((await this.options.remove(path, ids)) && this.#scope === scope) this.#choose(null)
  }
}

const filterOf = ({ kind, path }: Scope): Filter => (kind === 'file' ? { file: path } : { folders: path })

const same = (a: Scope, b: Scope | null) => a.kind === b?.kind && a.path === b.path
