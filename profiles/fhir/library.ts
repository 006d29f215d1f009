import './websocket';

export { evalSqlOnFhir, parseFhirPath } from '@medplum/core';
