/** Tokens of one run, padding included: beyond them nothing gets faster, and working memory grows. */
const MOST_TOKENS = 1_024
/** A shorter text joins longer ones where at most this share of its rows is padding, … */
const MOST_PADDING = 1 / 8
/** … or so few rows: a run of its own would cost more. */
const FEW_ROWS = 8

/** Sorts texts into runs of like length, the longest first. Gives the places of the texts of each run. */
export function groupByLength(lengths: readonly number[]): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b)
  const groups: number[][] = []
  let longest = 0
  for (const place of order) {
    const group = groups.at(-1)
    const padding = longest - lengths[place]
    const fits = group && (group.length + 1) * longest <= MOST_TOKENS
    if (fits && padding <= Math.max(FEW_ROWS, longest * MOST_PADDING)) group.push(place)
    else {
      groups.push([place])
      longest = lengths[place]
    }
  }
  return groups
}
