import type { Report } from '../../bench/result.ts'

/** What the worker of the bench says. */
export type Told = { line: string } | { report: Report } | { failure: string }
