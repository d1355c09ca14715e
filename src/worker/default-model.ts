import { fingerprint, list, name, urls } from 'maxsift:default-model'
import type { PackagedModel } from '../search/default-model.ts'

/** The model of the package. Its addresses are those of the script's surroundings, so a worker could not tell them. */
export const defaultModel = (): PackagedModel => ({ name, fingerprint, files: { list: list(), urls: urls() } })
