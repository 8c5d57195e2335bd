"use strict";
// Explorables.
