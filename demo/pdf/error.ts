/** Why a PDF gives no text. Stable codes; message and remedy are for people. */
export type PdfErrorCode =
  | 'PDF_INVALID'
  | 'PDF_DAMAGED'
  | 'PDF_ENCRYPTED'
  | 'PDF_NO_PAGES'
  | 'PDF_NO_TEXT'
  | 'PDF_READER_FAILED'

const TEXTS: Readonly<Record<PdfErrorCode, [message: string, remedy: string]>> = {
  PDF_INVALID: [
    'This is not a PDF.',
    'Check what the file really is; its name ends in .pdf, its contents say otherwise.',
  ],
  PDF_DAMAGED: [
    'This PDF is damaged: none of its pages can be read.',
    'Download it again, or save a copy from the program that made it.',
  ],
  PDF_ENCRYPTED: ['This PDF is locked with a password.', 'Save a copy without a password, and add that.'],
  PDF_NO_PAGES: ['This PDF has no pages.', 'Save it again from the program that made it.'],
  PDF_NO_TEXT: [
    'This PDF has no text: its pages are pictures, such as a scanner makes.',
    'Run text recognition (OCR) on it, and add the result.',
  ],
  PDF_READER_FAILED: [
    'The PDF reader of this page could not be used.',
    'Reload the page while there is a network, in an up-to-date browser, and add the file again.',
  ],
}

export class PdfError extends Error {
  override readonly name = 'PdfError'
  readonly remedy: string

  constructor(
    readonly code: PdfErrorCode,
    cause?: unknown,
  ) {
    super(TEXTS[code][0], cause === undefined ? undefined : { cause })
    this.remedy = TEXTS[code][1]
  }
}
