import { apiSuite } from './suite.ts'

apiSuite(false, 'the thread of the page')
