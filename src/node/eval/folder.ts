import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Collection, openCollection } from '../../eval/collection.ts'
import { badFile } from '../../eval/lines.ts'
import { readChunks } from '../files.ts'

/**
 * A collection in a folder of this computer.
 * @throws MaxsiftError `INVALID_ARGUMENT` naming file and line.
 */
export async function openFolder(folder: string, split: string, signal: AbortSignal): Promise<Collection> {
  if (!isFolder(folder))
    throw badFile(folder, null, 'there is no such folder', 'Pass the folder that holds corpus.jsonl.')
  const splits = isFolder(join(folder, 'qrels'))
    ? readdirSync(join(folder, 'qrels')).flatMap((name) => (name.endsWith('.tsv') ? [name.slice(0, -4)] : []))
    : []
  if (splits.length > 0 && !splits.includes(split)) {
    throw badFile(
      join(folder, 'qrels', `${split}.tsv`),
      null,
      'the judgements are missing',
      `Pass --split with one of those that are there: ${splits.join(', ')}.`,
    )
  }
  const open = async (path: string) => {
    const file = join(folder, path)
    return statSync(file, { throwIfNoEntry: false })?.isFile() ? readChunks(file, signal) : null
  }
  return openCollection(folder, open, split)
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
