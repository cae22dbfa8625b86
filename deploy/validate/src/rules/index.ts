/** Every rule that is more than structure. */
import { boundsScaling } from './autoscaling.js';
import { choosesOne, hangsTogether } from './choices.js';
import { namesTopics, ownsPods, reachesBrokers, staysTogether } from './cluster.js';
import { knowsWords, namesPorts } from './enums.js';
import { belongsToCluster, drainsInGrace, leavesMemory } from './fleetwire.js';
import {
  boundsResources,
  canRoll,
  mountsVolumes,
  pinsImages,
  probesPorts,
  selectsItsPods,
  sleepsWithinGrace,
} from './pods.js';
import { runsPrograms } from './programs.js';
import { readsRules } from './prometheus.js';
import { sharesPods, staysInRange } from './ranges.js';
import { findsReferences, isUnique } from './references.js';
import { isRestricted } from './restricted.js';
import type { Rule } from './rule.js';
import { isNamed, saysOnce } from './unique.js';
import { fitsServiceType, guardsPods, opensPorts, servesPorts } from './services.js';

export const RULES: readonly Rule[] = [
  isUnique,
  knowsWords,
  namesPorts,
  selectsItsPods,
  boundsResources,
  mountsVolumes,
  probesPorts,
  sleepsWithinGrace,
  canRoll,
  pinsImages,
  isRestricted,
  servesPorts,
  fitsServiceType,
  opensPorts,
  guardsPods,
  boundsScaling,
  findsReferences,
  drainsInGrace,
  leavesMemory,
  belongsToCluster,
  readsRules,
  staysInRange,
  sharesPods,
  saysOnce,
  isNamed,
  choosesOne,
  hangsTogether,
  runsPrograms,
  staysTogether,
  reachesBrokers,
  namesTopics,
  ownsPods,
];
