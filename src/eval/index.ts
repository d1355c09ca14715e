/** Evaluation of search: test collections, measures, runs, baselines, reports. */
export { lexicalSystem, runSystem } from './baselines.ts'
export { type Collection, type CollectionDocument, type OpenText, openCollection, type Query } from './collection.ts'
export { evaluate, type Outcome, type Passages, plainResult, type Result, type System } from './evaluate.ts'
export { fusedSystem, rememberedSystem } from './fusion.ts'
export { type Lexical, LuceneBm25, MiniSearchBm25, PassageSearch } from './lexical.ts'
export { type Coded, maxSim, packQueries, throughCodec, type Vectors } from './maxsim.ts'
export {
  type Grades,
  METRICS,
  type Measures,
  type Metric,
  meanMeasures,
  measure,
  type Ranking,
  type Scored,
  trecOrder,
} from './metrics.ts'
export { type Judgements, type Known, readQrels } from './qrels.ts'
export { makeReport, markdown, type Report } from './report.ts'
export { type Run, readRun, runLines } from './run.ts'
export { type Comparison, compare } from './significance.ts'
