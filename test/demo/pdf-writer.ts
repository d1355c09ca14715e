/** Writes small PDFs, uncompressed: https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf */

/** A piece of text at a place of the page, in points from its lower left corner. */
export interface Run {
  text: string
  x: number
  y: number
  /** Default: 10. */
  size?: number
  /** Default: `latin`, Helvetica. */
  font?: keyof typeof FONTS
  /** Degrees, against the clock. */
  turned?: number
}

export interface PdfOptions {
  /** Entries of the information dictionary. */
  info?: Record<string, string>
  /** Further entries of the trailer, and of the catalog's /Pages. */
  trailer?: string
  count?: number
  /** Entries of each page. */
  page?: string
}

/** Objects of the fonts: `latin` in Windows' encoding; `any` with a map of its own; two that name a map of Adobe's. */
const FONTS = {
  latin: () => ['<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>'],
  japanese: (next: number) => cjk(next, 'UniJIS-UCS2-H', 'Japan1'),
  upright: (next: number) => cjk(next, 'UniJIS-UCS2-V', 'Japan1'),
  chinese: (next: number) => cjk(next, 'UniGB-UCS2-H', 'GB1'),
  any: (next: number) => {
    const map =
      '/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Own def\n' +
      '1 begincodespacerange <0000> <ffff> endcodespacerange\n' +
      `256 beginbfrange\n${Array.from({ length: 256 }, (_, i) => `<${hex(i << 8)}> <${hex((i << 8) | 255)}> <${hex(i << 8)}>`).join('\n')}\nendbfrange\n` +
      'endcmap CMapName currentdict /CMap defineresource pop end end'
    return [
      `<< /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /Identity-H /DescendantFonts [${next + 1} 0 R] /ToUnicode ${next + 2} 0 R >>`,
      descendant('Identity', 'CIDFontType2', '/DW 500'),
      stream(map),
    ]
  },
}

const DESCRIPTOR =
  '<< /Type /FontDescriptor /FontName /Own /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 900 /Descent -200 /CapHeight 700 /StemV 80 >>'

const hex = (code: number) => code.toString(16).padStart(4, '0')
const stream = (text: string, entries = '') => `<< ${entries} /Length ${text.length} >>\nstream\n${text}\nendstream`
const descendant = (ordering: string, kind: string, rest = '') =>
  `<< /Type /Font /Subtype /${kind} /BaseFont /Own /CIDSystemInfo << /Registry (Adobe) /Ordering (${ordering}) /Supplement 0 >> /FontDescriptor ${DESCRIPTOR} ${rest} >>`
const cjk = (next: number, map: string, ordering: string) => [
  `<< /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /${map} /DescendantFonts [${next + 1} 0 R] >>`,
  descendant(ordering, 'CIDFontType0'),
]

/** A PDF in which each page draws its runs in the given order; a string is what a page draws, as it is. */
export function writePdf(
  pages: readonly (readonly Run[] | string)[],
  options: PdfOptions = {},
): Uint8Array<ArrayBuffer> {
  const objects: string[] = ['<< /Type /Catalog /Pages 2 0 R >>', '']
  const fonts = Object.entries(FONTS).map(([name, make]) => {
    const number = objects.length + 1
    objects.push(...make(number))
    return `/${name} ${number} 0 R`
  })
  objects.push(
    stream('\x80', '/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8'),
  )
  const resources = `<< /Font << ${fonts.join(' ')} >> /XObject << /picture ${objects.length} 0 R >> >>`
  const kids = pages.map((page) => {
    objects.push(stream(typeof page === 'string' ? page : page.map(drawn).join('\n')))
    const entries = `/MediaBox [0 0 612 792] /Resources ${resources} /Contents ${objects.length} 0 R ${options.page ?? ''}`
    objects.push(`<< /Type /Page /Parent 2 0 R ${entries} >>`)
    return `${objects.length} 0 R`
  })
  objects[1] = `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${options.count ?? kids.length} >>`
  const info = Object.entries(options.info ?? {}).map(([key, value]) => `/${key} <feff${utf16(value)}>`)
  objects.push(`<< ${info.join(' ')} >>`)
  let file = '%PDF-1.7\n'
  const places = objects.map((object, i) => {
    const place = file.length
    file += `${i + 1} 0 obj\n${object}\nendobj\n`
    return `${String(place).padStart(10, '0')} 00000 n \n`
  })
  const size = objects.length + 1
  const trailer = `<< /Size ${size} /Root 1 0 R /Info ${objects.length} 0 R ${options.trailer ?? ''} >>`
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${places.join('')}`
  return Uint8Array.from(`${file}${table}trailer\n${trailer}\nstartxref\n${file.length}\n%%EOF`, (c) => c.charCodeAt(0))
}

function drawn({ text, x, y, size = 10, font = 'latin', turned = 0 }: Run): string {
  const [cos, sin] = [Math.cos((turned * Math.PI) / 180), Math.sin((turned * Math.PI) / 180)].map((n) => n.toFixed(5))
  const matrix = `${cos} ${sin} ${-sin} ${cos} ${x} ${y}`
  const shown = font === 'latin' ? `(${text.replace(/[\\()]/g, '\\$&')})` : `<${utf16(text)}>`
  return `BT /${font} ${size} Tf ${matrix} Tm ${shown} Tj ET`
}

const utf16 = (text: string) => Array.from({ length: text.length }, (_, i) => hex(text.charCodeAt(i))).join('')

/** Lines of a column, one under the other. */
export function column(texts: readonly string[], x: number, y: number, leading = 12, rest: Partial<Run> = {}): Run[] {
  return texts.map((text, i) => ({ text, x, y: y - i * leading, ...rest }))
}
