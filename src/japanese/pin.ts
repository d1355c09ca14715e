/** What unidic-lite.bin must be. Written by scripts/japanese.mjs. */
import type { Pin } from '../model/verified.ts'

export const DICTIONARY: Pin = {
  bytes: 4_087_394,
  blocks: [
    'e1947d5333727d78fc1146709455919970d4402f0f831ad4a5ff62a2c7a1db4a',
    '40ef3dbd5752743d3b26cb54014e77f03c5a4c2c001f17ae022829ef1260dc06',
    'c23ba1b72f0630130cd5f150e0b1b82fcc427496f4deaf30b08c41e84b854470',
    'f0a6a875b604779dcc778dadd00c455d010ad83606c64fe7f63f36143cdf4728',
  ],
}
