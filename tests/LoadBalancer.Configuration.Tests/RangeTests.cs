namespace LoadBalancer.Configuration.Tests;

public sealed class RangeTests
{
    public static TheoryData<string, string, string, string, string> Ranges() => new()
    {
        { "LoadBalancer:DrainTimeout", "00:00:00", "01:00:00", "-00:00:01", "01:00:00.001" },
        { "LoadBalancer:Pools:catalog:HealthCheck:Interval", "00:00:00.1", "01:00:00", "00:00:00.099", "01:00:01" },
        { "LoadBalancer:Pools:catalog:HealthCheck:Timeout", "00:00:00.01", "00:01:00", "00:00:00.009", "00:01:01" },
        { "LoadBalancer:Pools:catalog:HealthCheck:Rise", "1", "100", "0", "101" },
        { "LoadBalancer:Pools:catalog:HealthCheck:Fall", "1", "100", "-1", "101" },
        { "LoadBalancer:Pools:catalog:Backends:catalog-1:Weight", "1", "256", "0", "257" },
        { "LoadBalancer:Layer4:Listeners:echo:ConnectTimeout", "00:00:00.01", "00:05:00", "00:00:00", "00:05:01" },
        { "LoadBalancer:Layer4:Listeners:echo:ConnectAttempts", "1", "16", "0", "17" },
        { "LoadBalancer:Layer4:Listeners:echo:IdleTimeout", "00:00:01", "7.00:00:00", "00:00:00.999", "7.00:00:01" },
        { "LoadBalancer:Layer7:Routes:all:Cache:Duration", "00:00:01", "1.00:00:00", "00:00:00", "1.00:00:01" },
    };

    [Theory]
    [MemberData(nameof(Ranges))]
    public void Both_ends_of_a_range_are_allowed_and_what_is_outside_is_named(string key, string minimum, string maximum, string below, string above)
    {
        Reading.Valid(Reading.ValidFile, (key, minimum));
        Reading.Valid(Reading.ValidFile, (key, maximum));
        Assert.Equal(new ConfigurationError(key, $"'{below}' is out of range; must be {minimum} to {maximum}"), Reading.Error(Reading.ValidFile, (key, below)));
        Assert.Equal(new ConfigurationError(key, $"'{above}' is out of range; must be {minimum} to {maximum}"), Reading.Error(Reading.ValidFile, (key, above)));
    }

    [Theory]
    [MemberData(nameof(Ranges))]
    public void A_range_in_force_is_the_one_in_the_description(string key, string minimum, string maximum, string below, string above)
    {
        var name = key.Split(':')[^1];
        var property = Contract.Properties().Single(p => p.Name == name);
        Assert.Contains($"{minimum} to {maximum}", property.Description(), StringComparison.Ordinal);
        Assert.DoesNotContain($"{below} to ", property.Description(), StringComparison.Ordinal);
        Assert.DoesNotContain($" to {above}", property.Description(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_range_in_a_description_is_tested()
    {
        var tested = Ranges().Select(row => row.Data.Item1.Split(':')[^1]);
        var described = Contract.Properties().Where(property => property.Description()!.Contains(" to ", StringComparison.Ordinal) && property.PropertyType != typeof(string));
        Assert.Empty(described.Where(property => property.PropertyType == typeof(int) || property.PropertyType == typeof(TimeSpan)).Select(property => property.Name).Except(tested));
    }
}
