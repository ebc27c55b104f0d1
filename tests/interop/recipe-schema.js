// SPDX-License-Identifier: Apache-2.0
//
// recipe-schema.js SCHEMA: validates the JSON Schema itself against draft 2020-12, then each value that stands in JSON, one a
// line, on standard input; prints "valid" or "invalid" for each line. Status 1 when the schema is none.
'use strict'
const fs = require('fs')
const Ajv = require('ajv/dist/2020')

const schema = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
// a union of types and a required key that is described elsewhere are both meant
const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, strictTypes: false })
if (!ajv.validateSchema(schema)) {
  console.error(ajv.errorsText())
  process.exit(1)
}
const validate = ajv.compile(schema)
for (const line of fs.readFileSync(0, 'utf8').split('\n'))
  if (line !== '') console.log(validate(JSON.parse(line)) ? 'valid' : 'invalid')
