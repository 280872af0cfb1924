package io.whimbrel.mail;

import java.util.Arrays;

/// Some recipients of one envelope, by number, ascending and without duplicates. Immutable.
public final class RecipientNumbers {
    private static final RecipientNumbers FIRST = new RecipientNumbers(new int[] {0});

    private final int[] numbers;

    private RecipientNumbers(int[] ascending) {
        this.numbers = ascending;
    }

    /// @throws IllegalArgumentException where a number is negative, twice there, or out of order
    public static RecipientNumbers of(int... ascending) {
        for (int i = 0; i < ascending.length; i++) {
            if (ascending[i] < 0 || (i > 0 && ascending[i] <= ascending[i - 1])) {
                throw new IllegalArgumentException(
                        "recipient numbers ascend: " + Arrays.toString(ascending));
            }
        }
        return ascending.length == 1 && ascending[0] == 0
                ? FIRST
                : new RecipientNumbers(ascending.clone());
    }

    /// The numbers `0..count-1`.
    public static RecipientNumbers all(int count) {
        if (count == 1) {
            return FIRST;
        }
        var numbers = new int[count];
        Arrays.setAll(numbers, i -> i);
        return new RecipientNumbers(numbers);
    }

    public int size() {
        return numbers.length;
    }

    public boolean isEmpty() {
        return numbers.length == 0;
    }

    /// The recipient number at `index`, 0..size-1.
    public int get(int index) {
        return numbers[index];
    }

    public boolean contains(int number) {
        return Arrays.binarySearch(numbers, number) >= 0;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RecipientNumbers that && Arrays.equals(numbers, that.numbers);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(numbers);
    }

    @Override
    public String toString() {
        return Arrays.toString(numbers);
    }
}
