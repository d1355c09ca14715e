import './encoder.suite.ts'
