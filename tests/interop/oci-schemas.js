// SPDX-License-Identifier: Apache-2.0
//
// oci-schemas.js SCHEMAS LAYOUT: checks oci-layout, index.json and every descriptor, index, manifest and configuration that
// can be reached from it against the JSON schemas of OCI's image specification. Prints what is wrong; status 1 then.
'use strict'
const fs = require('fs')
const path = require('path')
const Ajv = require('ajv-draft-04')
const addFormats = require('ajv-formats')

const [schemas, layout] = process.argv.slice(2)
const base = 'https://schemas.test/'
const kinds = {
  'application/vnd.oci.image.index.v1+json': 'image-index-schema.json',
  'application/vnd.oci.image.manifest.v1+json': 'image-manifest-schema.json',
  'application/vnd.oci.image.config.v1+json': 'config-schema.json',
}

const read = (...parts) => JSON.parse(fs.readFileSync(path.join(...parts), 'utf8'))

// The ids inside the schemas would move the base that their own relative references start from: files are known by name
function withoutIds(value) {
  if (value && typeof value === 'object') {
    if (typeof value.id === 'string' && value.id.startsWith('https://')) delete value.id
    Object.values(value).forEach(withoutIds)
  }
  return value
}

const ajv = new Ajv({ strict: false, allErrors: true })
addFormats(ajv)
for (const file of fs.readdirSync(schemas).filter((name) => name.endsWith('.json')))
  ajv.addSchema(withoutIds(read(schemas, file)), base + file)

let checked = 0
let faults = 0
const seen = new Set()

function check(what, schema, value) {
  const validate = ajv.getSchema(base + schema)
  checked++
  if (validate(value)) return
  faults++
  console.log(`${what}: ${ajv.errorsText(validate.errors)}`)
}

function walk(descriptor) {
  check(`descriptor ${descriptor.digest}`, 'content-descriptor.json', descriptor)
  const schema = kinds[descriptor.mediaType]
  if (!schema || seen.has(descriptor.digest)) return
  seen.add(descriptor.digest)
  const value = read(layout, 'blobs', descriptor.digest.replace(':', '/'))
  check(descriptor.digest, schema, value)
  for (const below of [...(value.manifests || []), ...(value.layers || [])]) walk(below)
  if (value.config && value.config.digest) walk(value.config)
}

check('oci-layout', 'image-layout-schema.json', read(layout, 'oci-layout'))
const index = read(layout, 'index.json')
check('index.json', 'image-index-schema.json', index)
index.manifests.forEach(walk)
console.log(`${checked} documents checked, ${faults} faults`)
process.exit(faults ? 1 : 0)
