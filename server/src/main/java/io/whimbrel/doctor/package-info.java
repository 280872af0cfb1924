/// `whimbrel doctor`: whether this machine and its configuration are fit to send.
@NullMarked
package io.whimbrel.doctor;

import org.jspecify.annotations.NullMarked;
