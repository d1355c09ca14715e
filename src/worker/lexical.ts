/** Search by words, as a script of its own: the engine imports it by its address. */
export { WordSearch } from '../search/words.ts'
