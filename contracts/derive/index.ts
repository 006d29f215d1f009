export * from './columns';
export { generatedDocs } from './documents';
export { jsonSchema } from './json-schema';
export { redactedNames } from './redaction';
export { appendHistory } from './history';
export { parseMeasures, MeasureError } from './measures';
export { warehouseLists, warehouseSql, type WarehouseLists } from './warehouse-sql';
export { describedMart, describedTables, describedWarehouse, warehouseDictionary } from './warehouse-dictionary';
export type { DescribedColumn } from './warehouse';
