/** Which model own documents are searched with, and in which index they are. */
import type { CreateIndexOptions } from 'maxsift'
import { japaneseDictionary } from 'maxsift/japanese'
import { nanoModel } from 'maxsift/nano'

export type ModelChoice =
  /** That of the server, or else of the package. */
  | { kind: 'default' }
  | { kind: 'nano' }
  /** By its name on the hub, or its address. */
  | { kind: 'named'; model: string }
  /** Files that the person has; they are kept with the index, and found again by it. */
  | { kind: 'files'; name: string; files?: File[] }

/** What the server says of models, in demo.json. */
export interface ModelSettings {
  /** Address of the default one; null for that of the package. */
  model: string | null
  hub?: string
}

/** The index of the person's own documents in this browser; messages about it name it. */
const OWN = 'Your documents'
/** The other place: a new index is made beside the old one, which it then replaces. */
const OTHER = 'Your documents (2)'

export interface Kept {
  index: string
  choice: ModelChoice
}

const KEY = 'maxsift-demo-model'

export const otherName = (index: string) => (index === OWN ? OTHER : OWN)

/** What was chosen on an earlier visit. */
export function kept(): Kept {
  try {
    const { index, choice } = JSON.parse(localStorage.getItem(KEY) ?? 'null') ?? {}
    if ([OWN, OTHER].includes(index) && typeof choice?.kind === 'string') return { index, choice }
  } catch {}
  return { index: OWN, choice: { kind: 'default' } }
}

/** Null to forget it. */
export function keep(what: Kept | null): void {
  // Without storage (a private window, say) there is no next visit.
  try {
    if (what) localStorage.setItem(KEY, JSON.stringify({ ...what, choice: { ...what.choice, files: undefined } }))
    else localStorage.removeItem(KEY)
  } catch {}
}

export function optionsOf(choice: ModelChoice, { model, hub }: ModelSettings): CreateIndexOptions {
  if (choice.kind === 'nano') return { model: nanoModel() }
  const japanese = japaneseDictionary()
  if (choice.kind === 'named') return { model: choice.model, japanese, ...(hub && { hub }) }
  if (choice.kind === 'files') return { japanese, ...(choice.files && { model: { files: choice.files } }) }
  return model === null ? {} : { model: new URL(model, document.baseURI), japanese }
}
