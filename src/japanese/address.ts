/** Where the dictionary lies: in the repository, and in dist/ beside the script that asks (scripts/build.mjs). */
export const dictionaryAddress = (): string => new URL('../../models/unidic-lite/unidic-lite.bin', import.meta.url).href
