import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

/** SHA-256 of a stream: WebCrypto takes only what is whole in memory. */
export class Sha256 {
  readonly #hash = sha256.create()

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** Of all bytes so far, as 64 hexadecimal digits. */
  digest(): string {
    return bytesToHex(this.#hash.clone().digest())
  }
}
