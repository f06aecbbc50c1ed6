namespace LoadBalancer.Configuration.Tests;

public sealed class PoolValidationTests
{
    private const string Catalog = "LoadBalancer:Pools:catalog";

    [Theory]
    [InlineData(251)]
    [InlineData(257)]
    [InlineData(65_537)]
    [InlineData(5_000_011)]
    public void A_prime_is_allowed(int size) =>
        Assert.Equal(size, Reading.Valid(Reading.ValidFile, ($"{Catalog}:HashTableSize", $"{size}")).Pools["catalog"].HashTableSize);

    [Theory]
    [InlineData(252, 257)]
    [InlineData(256, 257)]
    // Squares of primes.
    [InlineData(289, 293)]
    [InlineData(66_049, 66_067)]
    [InlineData(65_536, 65_537)]
    [InlineData(1_000_000, 1_000_003)]
    [InlineData(5_000_010, 5_000_011)]
    public void What_is_no_prime_is_named_with_the_next_one(int size, int next)
    {
        Assert.Equal(
            new ConfigurationError($"{Catalog}:HashTableSize", $"'{size}' is not a prime; the next is {next}"),
            Reading.Error(Reading.ValidFile, ($"{Catalog}:HashTableSize", $"{size}")));
        Reading.Valid(Reading.ValidFile, ($"{Catalog}:HashTableSize", $"{next}"));
    }

    [Theory]
    [InlineData("unix:/a")]
    [InlineData("unix:/run/catalog.sock")]
    [InlineData("Unix:/run/catalog-ü.sock")]
    public void A_backend_may_be_a_unix_socket(string address) =>
        Assert.Equal(address, Reading.Valid(Reading.ValidFile, ($"{Catalog}:Backends:catalog-1:Address", address)).Pools["catalog"].Backends["catalog-1"].Address);

    [Theory]
    [InlineData("unix:")]
    [InlineData("unix:/")]
    [InlineData("unix:run/catalog.sock")]
    [InlineData("unix:@abstract")]
    [InlineData("unix:/run/a b.sock")]
    [InlineData("unix:/run/a\n")]
    [InlineData("unix:/run/a\0b")]
    [InlineData("/run/catalog.sock")]
    public void What_is_no_path_of_a_unix_socket_is_named(string address) => Assert.Equal(
        new ConfigurationError($"{Catalog}:Backends:catalog-1:Address", $"'{address}' is not an address; must be host:port or unix:/path"),
        Reading.Error(Reading.ValidFile, ($"{Catalog}:Backends:catalog-1:Address", address)));

    [Theory]
    [InlineData(107, 'a', true)]
    [InlineData(108, 'a', false)]
    // Two bytes each, and the slash.
    [InlineData(54, 'ü', true)]
    [InlineData(55, 'ü', false)]
    public void The_path_of_a_unix_socket_has_at_most_107_bytes(int characters, char character, bool valid) =>
        Assert.Equal(valid, Reading.Json(Reading.ValidFile, ($"{Catalog}:Backends:catalog-1:Address", $"unix:/{new string(character, characters - 1)}")).IsValid);

    [Fact]
    public void Two_backends_cannot_have_one_unix_socket() => Assert.Equal(
        new ConfigurationError($"{Catalog}:Backends", "'unix:/a' is the address of catalog-1 and other; each must have its own"),
        Reading.Error(Reading.ValidFile, ($"{Catalog}:Backends:catalog-1:Address", "unix:/a"), ($"{Catalog}:Backends:other:Address", "unix:/a")));

    [Theory]
    [InlineData("Send", 1)]
    [InlineData("Send", 1024)]
    [InlineData("Expect", 1)]
    [InlineData("Expect", 1024)]
    public void A_tcp_check_may_send_and_expect(string key, int length) =>
        Reading.Valid(Reading.ValidFile, ($"{Catalog}:HealthCheck:{key}", new string('\n', length)));

    [Theory]
    [InlineData("Send", 0)]
    [InlineData("Send", 1025)]
    [InlineData("Expect", 0)]
    [InlineData("Expect", 1025)]
    public void A_text_of_a_check_that_is_empty_or_too_long_is_named(string key, int length) => Assert.Equal(
        new ConfigurationError($"{Catalog}:HealthCheck:{key}", $"has {length} characters; must have 1 to 1024"),
        Reading.Error(Reading.ValidFile, ($"{Catalog}:HealthCheck:{key}", new string('x', length))));

    [Theory]
    [InlineData("Http", "Send")]
    [InlineData("Http", "Expect")]
    [InlineData("None", "Send")]
    [InlineData("None", "Expect")]
    public void A_check_that_is_not_tcp_neither_sends_nor_expects(string type, string key) => Assert.Equal(
        new ConfigurationError($"{Catalog}:HealthCheck:Type", $"'{type}' neither sends nor expects; Send and Expect need Tcp"),
        Reading.Error(Reading.ValidFile, ($"{Catalog}:HealthCheck:Type", type), ($"{Catalog}:HealthCheck:{key}", "x")));
}
