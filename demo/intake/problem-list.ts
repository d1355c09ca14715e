import type { Problem } from '../files/given.ts'
import { element } from '../reader/dom.ts'
import { count, number } from '../ui/words.ts'

/** Names that are listed for one reason. */
const MOST_NAMES = 200

/** Files that gave no document, by reason, the most common reason first. */
export function problemList(problems: readonly Problem[]): HTMLElement {
  const reasons = new Map<string, string[]>()
  for (const { path, why } of problems) {
    const paths = reasons.get(why)
    if (paths) paths.push(path)
    else reasons.set(why, [path])
  }
  const items = [...reasons]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([why, paths]) => {
      const names = paths.slice(0, MOST_NAMES).map((path) => element('li', {}, element('bdi', {}, path)))
      if (paths.length > MOST_NAMES) names.push(element('li', {}, `and ${number(paths.length - MOST_NAMES)} more`))
      const reason = `${why[0].toUpperCase()}${why.slice(1)}`
      return element('li', {}, element('strong', {}, reason), element('ul', { class: 'names' }, ...names))
    })
  return element(
    'details',
    { class: 'problems' },
    element(
      'summary',
      {},
      `${count(new Set(problems.map(({ path }) => path)).size, 'file')} not read, or only in part`,
    ),
    element('ul', {}, ...items),
  )
}
