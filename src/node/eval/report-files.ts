import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import { plainResult } from '../../eval/evaluate.ts'
import { drawReport } from '../../eval/plots.ts'
import { markdown, type Report } from '../../eval/report.ts'
import { unwritable } from './files.ts'

/**
 * `report.md`, `report.json` and their pictures.
 * @throws MaxsiftError `INVALID_ARGUMENT` when the folder cannot be written.
 */
export function writeReport(folder: string, report: Report): void {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const pictures = drawReport(report, document)
  const { results, reference, metric, seed, pairs } = report
  const json = { reference, metric, seed, results: results.map(plainResult), pairs }
  try {
    mkdirSync(folder, { recursive: true })
    for (const { file, svg } of pictures) writeFileSync(join(folder, file), svg)
    writeFileSync(join(folder, 'report.md'), markdown(report, pictures))
    writeFileSync(join(folder, 'report.json'), `${JSON.stringify(json, null, 2)}\n`)
  } catch (cause) {
    throw unwritable(folder, cause)
  }
}
