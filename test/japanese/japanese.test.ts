// One file, since unpacking the dictionary takes longer than most of what is tested with it.
import './words.suite.ts'
import './tokenizer.suite.ts'
import './checkpoint.suite.ts'
