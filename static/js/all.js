// Both, for the page of patterns alone.
import "./forms.js";
import "./tables.js";
