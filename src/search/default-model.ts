import { check, MaxsiftError } from '../errors.ts'
import { placeOnHub } from '../model/address.ts'
import type { BundledFiles } from '../model/bundled.ts'
import type { ModelRecord } from '../store/manifest.ts'
import type { OpenOptions } from './service.ts'

/** A model that comes with the package: the default one, or one by an entry of its own. Plain data. */
export interface PackagedModel {
  name: string
  fingerprint: string
  /** Absent for that of another version of the package: only the model store may have its files. */
  files?: BundledFiles
}

const SCHEME = 'default:'

/** How an index remembers it, wherever a deployment keeps the files; which version, the fingerprint beside it says. */
export const addressOf = ({ name }: PackagedModel) => SCHEME + name

/** Its place in the model store. */
export const keyOf = ({ name, fingerprint }: PackagedModel) => `${name}@${fingerprint}`

/**
 * Opens the model that the caller named, in the revision that the index knows where the caller named none; else the one that built the index, where the index says that it is; else the
 * default, unless the index was built with another one: its files would be fetched for nothing.
 * @throws MaxsiftError `MODEL_MISMATCH` when there is no way to the model that built the index; what `open` throws
 */
export async function chooseModel<Opened>(
  { model, defaultModel, source: index }: Pick<OpenOptions, 'model' | 'defaultModel' | 'source'>,
  recorded: ModelRecord | undefined,
  open: (model: NonNullable<OpenOptions['model']> | PackagedModel) => Promise<Opened>,
): Promise<Opened> {
  if (model !== undefined) return open(isNewest(model, recorded?.source) ? recorded!.source! : model)
  if (!recorded) {
    check(defaultModel, 'A new index needs a `model`: the address of a checkpoint, or its files')
    return open(defaultModel)
  }
  const { name, fingerprint, source } = recorded
  const fitting = defaultModel?.fingerprint === fingerprint ? defaultModel : null
  if (source === undefined || source.startsWith(SCHEME)) {
    if (fitting) return open(fitting)
    if (source === undefined) throw lost(name, 'does not say where it is', 'Pass that model as `model`.')
    return open({ name, fingerprint }).catch((cause) => {
      if (!isFetchFailure(cause)) throw cause
      if (name !== defaultModel?.name) {
        const remedy = 'Pass that model as `model`: it is an entry of the package.'
        throw lost(name, 'does not say where it is, and it is not kept here', remedy, cause)
      }
      const remedy = 'Remove the index and add its documents again: the default model of this version encodes them.'
      throw lost(name, 'had it from another version of maxsift, and it is not kept here', remedy, cause)
    })
  }
  try {
    return await open(locate(source, index))
  } catch (cause) {
    if (!(cause instanceof MaxsiftError && cause.code.startsWith('MODEL_'))) throw cause
    if (fitting) return open(fitting)
    throw new MaxsiftError(cause.code, `The index was built with the model ${name}: ${cause.message}`, {
      cause,
      remedy: `${cause.remedy} If it is elsewhere now, pass it as \`model\` (on the command line, --model DIR or URL).`,
      detail: cause.detail,
    })
  }
}

/**
 * Whether a name without a revision is wanted, of which this revision is in use. An index stays with the revision that
 * built it: none that came later could search it.
 */
export function isNewest(wanted: NonNullable<OpenOptions['model']>, used: string | undefined): boolean {
  const place = typeof wanted === 'string' ? placeOnHub(wanted) : null
  return place?.revision === 'main' && used !== undefined && placeOnHub(used)?.repository === place.repository
}

const isFetchFailure = (error: unknown) => error instanceof MaxsiftError && error.code === 'MODEL_FETCH_FAILED'

const lost = (name: string, why: string, remedy: string, cause?: unknown) =>
  new MaxsiftError('MODEL_MISMATCH', `The index was built with the model ${name}; it ${why}.`, { remedy, cause })

/** A ready-made index may name its model by an address relative to its own. */
function locate(model: string, index: string | undefined): string {
  if (index === undefined || !URL.canParse(index)) return model
  return new URL(model, index.endsWith('/') ? index : `${index}/`).href
}
