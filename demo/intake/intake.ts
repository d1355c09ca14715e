import type { DocumentEntry, DocumentInput, MaxsiftError, SearchIndex } from 'maxsift'
import type { Given, Problem } from '../files/given.ts'
import { readFile } from '../files/read.ts'
import { list } from '../ui/words.ts'
import { gone } from './gone.ts'
import { note, whileReading } from './interrupted.ts'
import { Pile } from './pile.ts'
import { TimeLeft } from './time-left.ts'

/** A document that was handed over; its number is its position in a call of `add`. */
interface Handed {
  id: string
  /** Number of its file. */
  place: number
  work: number
}

/**
 * Takes files into an index: reads them one by one, only as fast as their documents are encoded. More may be given
 * while it reads. It can be stopped and go on; what the index has already is skipped there.
 */
export class Intake {
  state: 'idle' | 'reading' | 'stopped' | 'done' = 'idle'
  /** Why it stopped; null where the person wanted it. */
  failure: Error | null = null
  /** Documents that were in these folders and files once and are not any more. */
  gone: DocumentEntry[] = []
  /** Documents that were new or changed, and those that the index had, of the last run; not told after a refusal. */
  changed = 0
  unchanged = 0
  filesDone = 0
  #pile = new Pile()
  #problems: Problem[] = []
  /** Documents that the index refuses, by id. */
  #refused = new Map<string, Problem>()
  #ids = new Set<string>()
  #workDone = 0
  #clock = new TimeLeft()
  #control = new AbortController()
  #running: Promise<void> = Promise.resolve()

  /** @param tell called after every change */
  constructor(
    private readonly index: () => SearchIndex,
    private readonly tell: () => void,
  ) {}

  get files(): number {
    return this.#pile.files.length
  }

  get label(): string {
    return list(
      this.#pile.names.map((name) => `“${name}”`),
      2,
    )
  }

  get leftOut(): number {
    return this.#pile.leftOut
  }

  /** Of all files that were read. */
  get documents(): number {
    return this.#ids.size - this.#refused.size
  }

  /** Whether the index refused a document: then some are counted twice as they come by again. */
  get hasRefused(): boolean {
    return this.#refused.size > 0
  }

  get problems(): Problem[] {
    return [...this.#pile.problems, ...this.#problems, ...this.#refused.values()]
  }

  /** How much is done, 0 to 1. */
  get share(): number {
    return this.#pile.work === 0 ? 0 : Math.min(1, this.#workDone / this.#pile.work)
  }

  /** Milliseconds; null while nobody can tell. */
  get timeLeft(): number | null {
    return this.#clock.until(this.#pile.work, performance.now())
  }

  /** Takes more; settles when all is read, or reading has stopped. */
  async add(given: Given): Promise<void> {
    if (this.state === 'done') this.clear()
    this.#pile.add(given)
    if (this.state === 'reading') this.tell()
    else await this.resume()
  }

  /** Reads the files from the first one on: at the documents that the index has, it only looks. */
  resume(): Promise<void> {
    this.#running = this.#run()
    return this.#running
  }

  async #run(): Promise<void> {
    this.state = 'reading'
    this.failure = null
    this.gone = []
    this.changed = 0
    this.unchanged = 0
    this.#problems = []
    this.#ids.clear()
    this.#clock = new TimeLeft()
    this.#control = new AbortController()
    this.#reached(0, 0)
    try {
      await whileReading(() => this.#read())
      this.#reached(this.files, this.#pile.work)
      this.state = 'done'
      note(null)
      this.gone = await this.#gone()
    } catch (error) {
      this.state = 'stopped'
      if (!this.#control.signal.aborted) this.failure = error as Error
    }
    this.tell()
  }

  stop(): void {
    this.#control.abort()
  }

  /** Stops and forgets: the index is about to be another one. */
  async end(): Promise<void> {
    this.stop()
    await this.#running
    this.clear()
  }

  /** Forgets what was given; what was read stays in the index. */
  clear(): void {
    this.state = 'idle'
    this.failure = null
    this.gone = []
    this.#pile = new Pile()
    this.#problems = []
    this.#refused.clear()
    note(null)
    this.tell()
  }

  async #read(): Promise<void> {
    for (let place = 0; place < this.files; ) place = await this.#readFrom(place)
  }

  /** Reads from one file on, and gives the place to go on at: the end, or a file with a document that was refused. */
  async #readFrom(place: number): Promise<number> {
    const { signal } = this.#control
    const handed: Handed[] = []
    const next = { place }
    try {
      const { added, updated, unchanged } = await this.index().add(this.#documents(next, handed), {
        signal,
        onProgress: ({ loaded }) => {
          const last = handed[loaded - 1]
          if (last) this.#reached(last.place, last.work)
        },
      })
      this.changed += added + updated
      this.unchanged += unchanged
      return next.place
    } catch (error) {
      const { detail, message } = error as MaxsiftError
      const refused = handed[typeof detail?.position === 'number' ? detail.position : -1]
      if (!refused) throw error
      const why = `holds a document that cannot be indexed: ${message}`
      const { path } = this.#pile.files[refused.place]
      this.#refused.set(refused.id, { path, why })
      // The file is read again, and tells again what is wrong with it.
      this.#problems = this.#problems.filter((problem) => problem.path !== path)
      return refused.place
    }
  }

  async *#documents(next: { place: number }, handed: Handed[]): AsyncGenerator<DocumentInput> {
    const { signal } = this.#control
    // More files may come while these are read.
    for (; next.place < this.files; next.place++) {
      const { place } = next
      const given = this.#pile.files[place]
      let bytes = 0
      const documents = readFile(given, {
        signal,
        problem: (why) => this.#problems.push({ path: given.path, why }),
        onBytes: (read) => {
          bytes = read
        },
      })
      for await (const document of documents) {
        signal.throwIfAborted()
        this.#ids.add(document.id)
        if (this.#refused.has(document.id)) continue
        handed.push({ id: document.id, place, work: this.#pile.workAt(place, bytes) })
        yield document
      }
    }
  }

  #reached(files: number, work: number): void {
    this.filesDone = files
    this.#workDone = work
    this.#clock.note(work, performance.now())
    note({ label: this.label, files: this.files, done: files })
    this.tell()
  }

  async #gone(): Promise<DocumentEntry[]> {
    const troubled = new Set(this.problems.map(({ path }) => path))
    const files = new Set(this.#pile.files.map(({ path }) => path))
    return gone(await this.index().documents(), { folders: this.#pile.folders, files, ids: this.#ids, troubled })
  }
}
