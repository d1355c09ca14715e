import { describe, expect, it } from 'vitest'
import { stem } from '../../src/lexical/stemmer.ts'

describe('stem', () => {
  // From Porter's paper, as far as his first step goes.
  it.each(
    Object.entries({
      caresses: 'caress',
      ponies: 'poni',
      ties: 'ti',
      caress: 'caress',
      cats: 'cat',
      feed: 'feed',
      agreed: 'agree',
      plastered: 'plaster',
      bled: 'bled',
      motoring: 'motor',
      sing: 'sing',
      conflated: 'conflate',
      troubled: 'trouble',
      sized: 'size',
      hopping: 'hop',
      tanned: 'tan',
      falling: 'fall',
      hissing: 'hiss',
      fizzed: 'fizz',
      failing: 'fail',
      filing: 'file',
      happy: 'happi',
      sky: 'sky',
      is: 'is',
      b12: 'b12',
      naïves: 'naïves',
    }),
  )('%s becomes %s', (word, expected) => {
    expect(stem(word)).toBe(expected)
  })
})
