/**
 * The character maps that PDFs in Chinese, Japanese and Korean name instead of bringing along. Each is a file of this
 * site, fetched when a document names it. `no-inline`: the policy allows no `data:` address to be fetched.
 */
const ADDRESSES = import.meta.glob<string>(
  // The licence has to go where the maps go.
  ['../../node_modules/pdfjs-dist/cmaps/*.bcmap', '../../node_modules/pdfjs-dist/cmaps/LICENSE'],
  { query: '?url&no-inline', import: 'default', eager: true },
)
const FOLDER = '../../node_modules/pdfjs-dist/cmaps/'

/** In the form that pdf.js asks for: it makes one for each document. */
export class CMapReader {
  /** @throws Error for a map that nobody knows, or one that cannot be fetched. */
  async fetch({ name }: { name: string }): Promise<{ cMapData: Uint8Array; isCompressed: boolean }> {
    const file = `${FOLDER}${name}.bcmap`
    if (!Object.hasOwn(ADDRESSES, file)) throw new Error(`There is no character map ${name}.`)
    const response = await fetch(ADDRESSES[file])
    if (!response.ok) throw new Error(`The character map ${name} was answered with ${response.status}.`)
    return { cMapData: new Uint8Array(await response.arrayBuffer()), isCompressed: true }
  }
}
