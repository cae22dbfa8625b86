// Broken on purpose: the report log of a device never knows a report, so that each is new.
import { ReportLog } from '../../../../services/enricher/dist/log/report-log.js';

if (typeof ReportLog.prototype.find !== 'function')
  throw new Error('ReportLog has no find: the defect would break nothing');
ReportLog.prototype.find = () => null;
