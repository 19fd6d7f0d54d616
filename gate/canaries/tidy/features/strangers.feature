Feature: nobody knows this noun
