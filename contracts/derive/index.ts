export * from './columns';
export { dictionaryMarkdown } from './dictionary';
export { generatedDocs } from './documents';
export { jsonSchema, type JsonSchema } from './json-schema';
export { redactedNames, redactionPaths } from './redaction';
export { appendHistory, historyMistakes, type History } from './history';
export { parseMeasures, MeasureError, type Measures } from './measures';
export { TemplateError } from './template';
export type { DimensionLists, FactLists, StoredColumn, WarehouseColumn } from './warehouse';
export { warehouseLists, warehouseSql, type WarehouseLists } from './warehouse-sql';
export {
  describedMart,
  describedTables,
  describedWarehouse,
  warehouseDictionary,
  type DescribedColumn,
} from './warehouse-dictionary';
