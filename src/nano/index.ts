/** `maxsift/nano`: a smaller model than the default one, for pages on which every megabyte counts. */
import { fingerprint, list, name, urls } from 'maxsift:nano-model'
import type { PackagedModel } from '../search/default-model.ts'

export type { PackagedModel }

/** What `createIndex({ model })` takes. Its files are assets beside this script, fetched when an index is opened with it. */
export const nanoModel = (): PackagedModel => ({ name, fingerprint, files: { list: list(), urls: urls() } })
