import { element } from '../reader/dom.ts'
import { button } from '../ui/button.ts'
import { count, number } from '../ui/words.ts'
import type { FileEntry, Folder } from './tree.ts'

/** What a search is limited to. */
export interface Scope {
  kind: 'folder' | 'file'
  path: string
}

export interface TreeViewOptions {
  /** The person chose a folder or a file, or the one that was chosen once more. */
  choose(scope: Scope): void
  read(file: FileEntry): void
}

/** Rows of one folder that are shown before somebody asks for the rest. */
const MOST_ROWS = 100

/** Folders and files. What is below a folder is made when it is opened. */
export class TreeView {
  readonly element = element('ul', { class: 'tree' })
  /** Paths of folders that are open, and of those shown to the end. */
  readonly #open = new Set<string>()
  readonly #whole = new Set<string>()
  #shown: { tree: Folder; scope: Scope | null; filters: boolean } | null = null

  constructor(private readonly options: TreeViewOptions) {}

  /** @param filters Whether a search can be limited; else a file is only read */
  show(tree: Folder, scope: Scope | null, filters: boolean): void {
    this.#shown = { tree, scope, filters }
    const { activeElement } = document
    const focused = activeElement?.closest<HTMLElement>('.tree [data-key]')?.dataset.key
    this.element.replaceChildren(...this.#rows(tree))
    if (focused) this.element.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus()
  }

  #again(): void {
    const { tree, scope, filters } = this.#shown!
    this.show(tree, scope, filters)
  }

  #rows({ path, folders, files }: Folder): HTMLElement[] {
    const most = this.#whole.has(path) ? Number.POSITIVE_INFINITY : MOST_ROWS
    const rows: (() => HTMLElement)[] = [
      ...folders.map((each) => () => this.#folder(each)),
      ...files.map((each) => () => this.#file(each)),
    ]
    const shown = rows.slice(0, most).map((make) => make())
    if (rows.length > shown.length) {
      const more = () => {
        this.#whole.add(path)
        this.#again()
      }
      const rest = number(rows.length - shown.length)
      shown.push(element('li', {}, button(`Show ${rest} more`, more, { class: 'quiet' })))
    }
    return shown
  }

  #folder(folder: Folder): HTMLElement {
    const { path, name, documents } = folder
    const isOpen = this.#open.has(path)
    const toggle = button(
      '',
      () => {
        if (!this.#open.delete(path)) this.#open.add(path)
        this.#again()
      },
      { class: 'toggle', 'aria-expanded': String(isOpen), 'aria-label': `Files in ${name}`, 'data-key': `+${path}` },
    )
    const row = element('div', { class: 'line' }, toggle, this.#choice({ kind: 'folder', path }, name, documents))
    return element('li', {}, row, ...(isOpen ? [element('ul', {}, ...this.#rows(folder))] : []))
  }

  #file(file: FileEntry): HTMLElement {
    const read = button('Read', () => this.options.read(file), {
      class: 'read',
      'aria-label': `Read ${file.name}`,
      'data-key': `=${file.path}`,
    })
    if (!this.#shown!.filters) {
      const open = button(element('bdi', {}, file.name), () => this.options.read(file), { class: 'choice' })
      return element('li', {}, element('div', { class: 'line' }, open))
    }
    const { path, name, documents } = file
    return element(
      'li',
      {},
      element('div', { class: 'line' }, this.#choice({ kind: 'file', path }, name, documents), read),
    )
  }

  #choice(scope: Scope, name: string, documents: number): HTMLElement {
    const label = element('span', {}, element('bdi', {}, name))
    if (scope.kind === 'folder' || documents > 1) {
      const amount = element('span', { class: 'amount' }, ` ${number(documents)}`)
      amount.append(element('span', { class: 'unseen' }, documents === 1 ? ' document' : ' documents'))
      label.append(amount)
    }
    const { scope: current, filters } = this.#shown!
    if (!filters) return label
    const pressed = current?.kind === scope.kind && current.path === scope.path
    return button(label, () => this.options.choose(scope), {
      class: 'choice',
      'aria-pressed': String(pressed),
      title: `Search only ${scope.path} (${count(documents, 'document')})`,
      'data-key': `${scope.kind}:${scope.path}`,
    })
  }
}
