import { writeFileSync } from 'node:fs'
import { classifierBytes, sha256, writerBytes } from '../src/engines/index.ts'
import { riskLabels } from '../src/models/clause-text.ts'
import { letters, trainClauseWriter } from '../src/models/clause-writer.ts'
import { trainRiskClassifier } from '../src/models/risk-classifier.ts'

/** Trains the models on text that it makes up itself, and writes them here: the same bytes each time. */
const write = (name: string, bytes: Uint8Array): void => {
  writeFileSync(new URL(`./${name}.onnx`, import.meta.url), bytes)
  console.log(`${name}: ${bytes.length} bytes, ${sha256(bytes)}`)
}

write('risk-classifier', classifierBytes(trainRiskClassifier(), riskLabels))
const { weights, loss } = trainClauseWriter()
write('clause-writer', writerBytes(weights, letters))
console.log(`clause-writer: ${loss.toFixed(3)} nats a letter (${Math.log(letters.length).toFixed(3)} without training)`)
