package io.whimbrel.shaping;

/// Who asks, where several ask for the room of one limit: first the classes share it by weight,
/// then the tenants of a class share alike. Immutable.
///
/// @param weight of the class, 1 to 64: 16 transactional, 4 normal, 1 bulk
/// @param tenant whose mail, in this class
public record Turn(int weight, String tenant) {
    static final int WEIGHT_MAX = 64;

    public Turn {
        if (weight < 1 || weight > WEIGHT_MAX) {
            throw new IllegalArgumentException("a weight is 1 to 64: " + weight);
        }
    }
}
