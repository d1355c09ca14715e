import type { Given, GivenFile, Problem } from '../files/given.ts'
import { kindOf } from '../files/read.ts'

/** How much text a byte of a file stands for, roughly: encoding text is what takes time. */
const TEXT_SHARE = { markdown: 1, text: 1, jsonl: 0.9, html: 0.4, pdf: 0.05 } as const

/** The files that wait to be read, in the order in which they were given. */
export class Pile {
  readonly files: GivenFile[] = []
  readonly folders = new Set<string>()
  readonly problems: Problem[] = []
  /** What a person would call it: the folders, and files outside of them. */
  readonly names: string[] = []
  leftOut = 0
  /** Work before each file and, last, in all. */
  readonly #work = [0]
  readonly #places = new Map<string, number>()

  add({ files, folders, problems, leftOut }: Given): void {
    for (const folder of folders) {
      if (!this.folders.has(folder)) this.names.push(folder)
      this.folders.add(folder)
    }
    this.problems.push(...problems)
    this.leftOut += leftOut
    for (const each of files) {
      const place = this.#places.get(each.path)
      if (place !== undefined) {
        // Given again: it may have changed since.
        this.files[place] = each
        continue
      }
      this.#places.set(each.path, this.files.length)
      if (!each.path.includes('/')) this.names.push(each.path)
      this.files.push(each)
      this.#work.push(this.work + each.file.size * shareOf(each))
    }
  }

  /** In all; the unit is about a byte of text. */
  get work(): number {
    return this.#work.at(-1)!
  }

  /** Work that is done when `bytes` of a file are, and all files before it. */
  workAt(place: number, bytes: number): number {
    return this.#work[place] + bytes * shareOf(this.files[place])
  }
}

function shareOf({ path }: GivenFile): number {
  const kind = kindOf(path)
  return kind ? TEXT_SHARE[kind] : 0
}
