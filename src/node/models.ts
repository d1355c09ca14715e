import { statSync } from 'node:fs'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isAddress, modelAddress } from '../model/address.ts'
import type { PackagedModel } from '../search/default-model.ts'
import { defaultModel } from '../worker/default-model.ts'

/** Whether this is an address on the web, and not a path. */
export function isWeb(address: string): boolean {
  return /^https?:\/\//i.test(address)
}

export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

export const toPath = (address: string): string => (address.startsWith('file:') ? fileURLToPath(address) : address)

/**
 * Where a model is that somebody names: an address on the web, or an absolute path. What names a folder that is there is
 * that folder, though it could be a name on the hub too; the environment variable HF_ENDPOINT says which hub.
 * @throws MaxsiftError `INVALID_ARGUMENT`
 */
export function locateModel(given: string, hub = process.env.HF_ENDPOINT): string {
  if (isWeb(given)) return given
  const path = resolve(toPath(given))
  return isAddress(given) || isFolder(path) ? path : modelAddress(given, hub || undefined)
}

/**
 * A model as an index records it: relative to the folder of the index, so that both can be moved together or served, and
 * so that a published index does not tell where on the computer it was made.
 */
export function recordedModel(given: string, index: string): string {
  const model = locateModel(given)
  if (isWeb(model)) return model
  return relative(resolve(index), model).split(sep).join('/') || '.'
}

/** Where a recorded model is: a path or an address. @param index Its folder or address. */
export function findModel(model: string, index: string): string {
  if (isWeb(model) || isAbsolute(model)) return model
  return isWeb(index) ? new URL(model, index.endsWith('/') ? index : `${index}/`).href : resolve(index, model)
}

/** A model that the command line names, wherever it is looked at from. */
export function absoluteModel(given: string | undefined): string | undefined {
  return given === undefined ? undefined : locateModel(given)
}

/** The model to use where there is no index: the given one, else the one of this package. */
export const givenModel = (given: string | undefined): string | PackagedModel => absoluteModel(given) ?? defaultModel()
