import { operationsWork } from './real.ts';

operationsWork('Sluice');
